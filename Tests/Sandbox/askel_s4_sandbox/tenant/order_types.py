# SPDX-License-Identifier: Apache-2.0
"""Entity type of the sales order header, as the service API_SALES_ORDER_SRV declares it.

The compact notation is explained in `odata.schema`. Names, types, lengths and annotations are facts of the
service; labels are derived from the names, so no text of SAP stands here.
"""

from ..odata.schema import Navigation, entity_set

A_SALES_ORDER = entity_set(
    "A_SalesOrder",
    navigations=(
        Navigation("to_Item", "A_SalesOrderItem"),
        Navigation("to_Partner", "A_SalesOrderHeaderPartner"),
        Navigation("to_PricingElement", "A_SalesOrderHeaderPrElement"),
    ),
    alpha=("SalesOrder", "SoldToParty", "ReferenceSDDocument"),
    properties="""
SalesOrder                      S10    key upper
SalesOrderType                  S4     upper
SalesOrderTypeInternalCode      S4     upper ro
SalesOrganization               S4     upper
DistributionChannel             S2     upper
OrganizationDivision            S2     upper
SalesGroup                      S3     upper
SalesOffice                     S4     upper
SalesDistrict                   S6     upper
SoldToParty                     S10    upper
CreationDate                    date   ro
CreatedByUser                   S12    upper ro
LastChangeDate                  date   ro
SenderBusinessSystemName        S60    ro
ExternalDocumentID              S40    upper ro
LastChangeDateTime              dto7   ro etag
ExternalDocLastChangeDateTime   dto7   ro
PurchaseOrderByCustomer         S35
PurchaseOrderByShipToParty      S35
CustomerPurchaseOrderType       S4     upper
CustomerPurchaseOrderDate       date
SalesOrderDate                  date
TotalNetAmount                  D16.3  ro unit:TransactionCurrency
OverallDeliveryStatus           S1     upper ro
TotalBlockStatus                S1     upper ro
OverallOrdReltdBillgStatus      S1     upper ro
OverallSDDocReferenceStatus     S1     upper ro
TransactionCurrency             S5     upper currency
SDDocumentReason                S3     upper
PricingDate                     date
PriceDetnExchangeRate           D9.5
BillingPlan                     S10    upper
RequestedDeliveryDate           date
ShippingCondition               S2     upper
CompleteDeliveryIsDefined       bool
ShippingType                    S2     upper
HeaderBillingBlockReason        S2     upper
DeliveryBlockReason             S2     upper
DeliveryDateTypeRule            S1     upper
IncotermsClassification         S3     upper
IncotermsTransferLocation       S28
IncotermsLocation1              S70
IncotermsLocation2              S70
IncotermsVersion                S4     upper
CustomerPriceGroup              S2     upper
PriceListType                   S2     upper
CustomerPaymentTerms            S4     upper
PaymentMethod                   S1     upper
FixedValueDate                  date
AssignmentReference             S18
ReferenceSDDocument             S10    upper
ReferenceSDDocumentCategory     S4     ro
AccountingDocExternalReference  S16    upper
CustomerAccountAssignmentGroup  S2     upper
AccountingExchangeRate          D9.5
CustomerGroup                   S2     upper
AdditionalCustomerGroup1        S3     upper
AdditionalCustomerGroup2        S3     upper
AdditionalCustomerGroup3        S3     upper
AdditionalCustomerGroup4        S3     upper
AdditionalCustomerGroup5        S3     upper
SlsDocIsRlvtForProofOfDeliv     bool
CustomerTaxClassification1      S1     upper
CustomerTaxClassification2      S1     upper
CustomerTaxClassification3      S1     upper
CustomerTaxClassification4      S1     upper
CustomerTaxClassification5      S1     upper
CustomerTaxClassification6      S1     upper
CustomerTaxClassification7      S1     upper
CustomerTaxClassification8      S1     upper
CustomerTaxClassification9      S1     upper
TaxDepartureCountry             S3     upper
VATRegistrationCountry          S3     upper
SalesOrderApprovalReason        S4     upper ro
SalesDocApprovalStatus          S1     upper ro
OverallSDProcessStatus          S1     upper ro
TotalCreditCheckStatus          S1     upper ro
OverallTotalDeliveryStatus      S1     upper ro
OverallSDDocumentRejectionSts   S1     upper ro
BillingDocumentDate             date
ContractAccount                 S12    upper
AdditionalValueDays             S2     numc
CustomerPurchaseOrderSuplmnt    S4     upper
ServicesRenderedDate            date
""",
)
